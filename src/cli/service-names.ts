/** The services beside food ordering, by their names in the journal and in `services` of the configuration. */
export const SERVICE_NAMES = ['log', 'tuples', 'records'] as const;

/** One of them. */
export type ServiceName = (typeof SERVICE_NAMES)[number];
