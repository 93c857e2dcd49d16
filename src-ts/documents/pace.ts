/**
 * Long work on the event loop, in short slices: between two of them, everything else has its turn.
 */
import { setImmediate } from 'node:timers/promises'

/** Milliseconds of a slice. */
const SLICE = 4
/** Code units after which it is worth looking at the clock; looking costs as much as a few dozen of them. */
const LOOK = 4_096
/** What a step costs besides its code units, in code units. */
const STEP = 16

/** How far the work at hand is in its slice. */
export class Pace {
  #start = performance.now()
  #units = 0

  /** Whether others should have a turn, after a step over so many code units. */
  isDue(units: number): boolean {
    this.#units += STEP + units
    if (this.#units < LOOK) return false
    this.#units = 0
    return performance.now() - this.#start >= SLICE
  }

  /** Gives others a turn. */
  async turn(): Promise<void> {
    await setImmediate()
    this.#start = performance.now()
  }
}
