import { CallRefusedError } from '../../ports/ordering-client.js';
import { POST_CODE_LENGTH_MAX } from '../../services/ordering/limits.js';
import { verdictText } from '../text/postcode-text.js';
import { textAnswer } from './answers.js';
import { attempt, type DialogueContext } from './session.js';

/**
 * The postcode as it is to be sent, or `undefined` after a message when it cannot be delivered to. Where it cannot be checked
 * now it is taken as typed: the order itself is checked again.
 */
export async function checkPostcode(
  { client, prompter, paint }: DialogueContext,
  typed: string,
): Promise<string | undefined> {
  try {
    const { verdict, normalised, reason } = await client.validatePostcode(typed);
    switch (verdict) {
      case 'valid':
        return normalised;
      case 'unchecked':
        return normalised === '' ? typed : normalised;
      case 'malformed':
      case 'unknown':
      case 'terminated':
      default:
        prompter.say(paint.bad(verdictText(typed, verdict, normalised, reason)));
        return undefined;
    }
  } catch (error) {
    if (!(error instanceof CallRefusedError)) throw error;
    if (error.refusal.reason !== 'INVALID_FIELD') return typed;
    prompter.say(paint.bad(error.message));
    return undefined;
  }
}

/** Checks a postcode that the person types. */
export async function askAndCheckPostcode(context: DialogueContext): Promise<void> {
  const typed = await context.prompter.ask({
    message: 'Postcode',
    problem: textAnswer({ min: 1, max: POST_CODE_LENGTH_MAX }),
  });
  await attempt(context, 'The postcode cannot be checked', async () => {
    const { verdict, normalised, reason } = await context.client.validatePostcode(typed);
    const text = verdictText(typed, verdict, normalised, reason);
    context.prompter.say(verdict === 'valid' ? context.paint.good(text) : context.paint.warning(text));
  });
}
