/** What is to be read belongs to a service that this version of the program does not have: nothing may be made of it, nor left out. */
export class UnknownServiceError extends Error {
  override readonly name = 'UnknownServiceError';
  constructor(
    readonly service: string,
    /** What belongs to it, for people: `op 17`. */
    where: string,
  ) {
    super(
      `This version does not know the service ${JSON.stringify(service)}, to which ${where} belongs: run the newer version that wrote it.`,
    );
  }
}
