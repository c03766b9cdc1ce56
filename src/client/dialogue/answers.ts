import { QUANTITY_MAX } from '../../services/ordering/limits.js';
import { textProblem, type TextRule } from '../../services/ordering/text.js';

/** Judges a free text by the rule of the gate, so that the person hears of it at once. */
export function textAnswer(rule: TextRule): (answer: string) => string | undefined {
  return (answer) => {
    const found = textProblem(answer, rule);
    return found === undefined ? undefined : `${found.problem}; ${found.nextStep}`;
  };
}

/** Judges a number of portions from `min` on. */
export function quantityAnswer(min: 0 | 1): (answer: string) => string | undefined {
  return (answer) =>
    /^[0-9]{1,4}$/.test(answer) && Number(answer) >= min && Number(answer) <= QUANTITY_MAX
      ? undefined
      : `give a whole number from ${min} to ${QUANTITY_MAX}`;
}
