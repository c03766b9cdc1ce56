/** Tells the parent process where a server listens; ends the process when it could not, or when the parent is gone. */
export function announce(error: Error | null, port: number): void {
  if (error !== null) throw error;
  process.on('disconnect', () => process.exit(0));
  process.send?.({ address: `127.0.0.1:${port}` });
}
