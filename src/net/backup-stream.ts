import type { ClientReadableStream, ServerWritableStream } from '@grpc/grpc-js';
import { refusal, type Refusal } from '../base/refusal.js';
import type { BackupHead, BackupPiece, IncomingBackup, OutgoingBackup } from '../ports/backup.js';
import { CallRefusedError } from '../ports/ordering-client.js';
import { backupHeadOf, wireBackupHead } from './backup-codec.js';
import { statusOf } from './error-details.js';
import type { BackupRequest__Output } from './generated/justhungry/v1/BackupRequest.js';
import type { BackupResponse, BackupResponse__Output } from './generated/justhungry/v1/BackupResponse.js';
import { MalformedError } from './wire-values.js';

const GONE = refusal(
  'OVERLOADED',
  'So much was ordered that the checkpoint was removed before its first files were read: take the backup again.',
);

/** Sends a backup, a piece whenever it is its turn and the receiver has taken the one before. */
export function serveBackup(
  stream: ServerWritableStream<BackupRequest__Output, BackupResponse>,
  backup: OutgoingBackup | Refusal,
): void {
  if ('reason' in backup) {
    stream.emit('error', statusOf(backup));
    return;
  }
  const goOn = (): void => {
    if (!stream.cancelled) backup.next(onPiece);
  };
  const onPiece = (piece: BackupPiece | 'end' | 'gone'): void => {
    if (stream.cancelled) return;
    if (piece === 'end') stream.end();
    else if (piece === 'gone') stream.emit('error', statusOf(GONE));
    else if (stream.write({ piece: { name: piece.name, offset: piece.offset, data: Buffer.from(piece.bytes) } }))
      goOn();
    else stream.once('drain', goOn);
  };
  if (stream.write({ head: wireBackupHead(backup.head) })) goOn();
  else stream.once('drain', goOn);
}

/** What a client must tell of its call for a backup to be read from it. */
export interface BackupCall {
  readonly stream: ClientReadableStream<BackupResponse__Output>;
  /** Puts an error of the call into words. */
  readonly failureOf: (error: unknown) => Error;
}

/** Reads the head of a backup that a replica sends; the pieces are read as they are asked for. */
export async function receiveBackup({ stream, failureOf }: BackupCall, silenceMs: number): Promise<IncomingBackup> {
  const answers = withinSilence(stream, silenceMs)[Symbol.asyncIterator]();
  const cancel = (): void => stream.cancel();
  // What ends it before it is read to the end is told by the iterator; one that nobody reads any more is no failure.
  stream.on('error', () => undefined);
  let head: BackupHead;
  try {
    const first = await answers.next();
    const wire = first.done === true ? undefined : first.value.head;
    if (wire === undefined || wire === null) throw new MalformedError('a backup begins with its head');
    head = backupHeadOf(wire);
  } catch (error) {
    cancel();
    throw inWords(error, failureOf);
  }
  return { head, pieces: piecesOf(answers, cancel, failureOf), cancel };
}

async function* piecesOf(
  answers: AsyncIterator<BackupResponse__Output>,
  cancel: () => void,
  failureOf: (error: unknown) => Error,
): AsyncGenerator<BackupPiece> {
  try {
    for (let next = await answers.next(); next.done !== true; next = await answers.next()) {
      const { piece } = next.value;
      if (piece === undefined || piece === null) throw new MalformedError('a backup has one head');
      yield { name: piece.name, offset: piece.offset, bytes: piece.data };
    }
  } catch (error) {
    throw inWords(error, failureOf);
  } finally {
    cancel();
  }
}

function inWords(error: unknown, failureOf: (error: unknown) => Error): Error {
  if (error instanceof CallRefusedError) return error;
  if (!(error instanceof MalformedError)) return failureOf(error);
  const told = refusal('INTERNAL', `The replica sent what is no backup (${error.problem}): is it of this version?`);
  return new CallRefusedError(told, 'INTERNAL', { cause: error });
}

/** The messages of a stream. When none comes for so long it is given up, with CallRefusedError. */
async function* withinSilence<T>(stream: ClientReadableStream<T>, silenceMs: number): AsyncGenerator<T> {
  let isSilent = false;
  const wait = (): NodeJS.Timeout =>
    setTimeout(() => {
      isSilent = true;
      stream.cancel();
    }, silenceMs);
  let timer = wait();
  try {
    for await (const message of stream) {
      clearTimeout(timer);
      yield message as T;
      timer = wait();
    }
  } catch (error) {
    if (!isSilent) throw error;
    const told = refusal(
      'OUTCOME_UNKNOWN',
      `The replica has sent nothing for ${silenceMs} ms: take the backup from another one.`,
    );
    throw new CallRefusedError(told, 'DEADLINE_EXCEEDED', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
