import { emitKeypressEvents } from 'node:readline';
import { v7 as uuidV7 } from 'uuid';
import { CallRefusedError, type OrderingClient, type OrderStatusName } from '../../ports/ordering-client.js';
import { repeatedWrite } from '../repeated-write.js';
import type { Paint } from '../text/paint.js';
import { shortId } from '../text/values.js';
import { type Board, boardAfter, boardText, emptyBoard, movePick, nextStatus, STATUS_KEYS } from './board.js';

const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l';
const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';
const CLEAR = '\u001b[H\u001b[2J';

/** Events may come in thousands when the board starts: it is drawn at most this often. */
const REDRAW_MS = 50;

/**
 * The live board in a terminal. Resolves with the exit code when the person leaves (q: 0, Ctrl-C: 130) or `signal` is
 * aborted; throws what the watch throws. The terminal is given back in any case.
 */
export async function runKitchenTerminal(
  client: OrderingClient,
  terminal: { readonly input: NodeJS.ReadStream; readonly output: NodeJS.WriteStream; readonly paint: Paint },
  signal: AbortSignal,
): Promise<number> {
  const { input, output, paint } = terminal;
  const watching = new AbortController();
  const stop = AbortSignal.any([signal, watching.signal]);
  let board: Board = emptyBoard;
  let message = '';
  let exitCode = 0;
  let redraw: NodeJS.Timeout | undefined;
  let isOpen = true;

  const draw = (): void => {
    redraw = undefined;
    output.write(CLEAR + boardText(board, message, output.rows ?? 24, paint).replaceAll('\n', '\r\n'));
  };
  const drawSoon = (): void => {
    // A status may come back after the person has left.
    if (isOpen) redraw ??= setTimeout(draw, REDRAW_MS);
  };
  const move = async (orderId: string, status: OrderStatusName): Promise<void> => {
    const requestId = uuidV7();
    try {
      await repeatedWrite(() => client.updateOrderStatus(requestId, orderId, status));
      message = `${shortId(orderId)} is ${status}.`;
    } catch (error) {
      message = paint.bad(error instanceof CallRefusedError ? error.message : String(error));
    }
    drawSoon();
  };
  const onKey = (text: string | undefined, key: { name?: string; ctrl?: boolean }): void => {
    const picked = board.orders.get(board.picked);
    if (key.ctrl === true && key.name === 'c') {
      exitCode = 130;
      watching.abort();
    } else if (text === 'q' || (key.ctrl === true && key.name === 'd')) watching.abort();
    else if (key.name === 'up') board = movePick(board, -1);
    else if (key.name === 'down') board = movePick(board, 1);
    else if (picked !== undefined) {
      const status = key.name === 'return' ? nextStatus(picked.status) : STATUS_KEYS[text ?? ''];
      if (status !== undefined) void move(picked.order_id, status);
    }
    drawSoon();
  };

  emitKeypressEvents(input);
  input.setRawMode(true);
  input.resume();
  input.on('keypress', onKey);
  output.on('resize', drawSoon);
  output.write(ENTER_SCREEN);
  draw();
  try {
    for await (const event of client.watchOrders(0, undefined, stop)) {
      board = boardAfter(board, event);
      drawSoon();
    }
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    isOpen = false;
    clearTimeout(redraw);
    input.off('keypress', onKey);
    output.off('resize', drawSoon);
    input.setRawMode(false);
    input.pause();
    output.write(LEAVE_SCREEN);
  }
  return exitCode;
}
