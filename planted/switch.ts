/** Environment variable that names the bug of a real process. */
export const PLANTED_VARIABLE = 'JUST_HUNGRY_PLANTED';

let switchedOn = process.env[PLANTED_VARIABLE] ?? '';

/** Whether the bug of this name is switched on: what every planted choice asks. */
export const isPlanted = (name: string): boolean => switchedOn === name;

/** Switches one bug on and all others off; the empty name switches all off. */
export function setPlanted(name: string): void {
  switchedOn = name;
}
