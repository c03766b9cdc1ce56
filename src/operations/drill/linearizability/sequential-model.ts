/** What an object does when it is asked one thing after the other: what every history is compared with. */
export interface SequentialModel<State, Act> {
  readonly initial: State;
  /**
   * The state after `act`, or `undefined` when the answer that it carries cannot be given in this state. An act without an
   * answer (its outcome is unknown) is legal in every state. An act that changes nothing returns `state` itself.
   */
  step(state: State, act: Act): State | undefined;
  /**
   * Whether `act` only looks: what it is answered holds or not, and no state is changed by it. A write that happens to find what
   * it writes is none: at another moment it changes the state.
   */
  isRead(act: Act): boolean;
  /** Equal for equal states, different for different ones: states are compared by it. */
  keyOf(state: State): string;
}
