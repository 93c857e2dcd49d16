// When a label has become more or less frequent than it was: two CUSUMs for each (Page 1954), of counts that are Poisson.
//
// A sum grows by how much more likely a window's count is if the rate has changed by RATIO than if it has not, and never falls
// below 0; an alert is given when it is above THRESHOLD, so that false alarms are as rare as e ** -THRESHOLD makes them. The rate
// that is usual is that of the windows before, and is learnt anew after an alert.

/** By how much a rate must have changed to be of interest. */
const RATIO = 2
const THRESHOLD = 9
/** Windows from which the usual rate is learnt before anything can be said, and at most. */
const [LEAST, MOST] = [10, 60]
/** The last windows, in which a change may have begun, are not usual yet. */
const LATEST = 5

/** @typedef {{ label: string, window: number, direction: 'more' | 'less', usual: number, now: number }} Alert rates are per message */

export class RateWatch {
  #window = 0
  /** @type {Map<string, Track>} */
  #tracks = new Map()

  /**
   * What a window of messages has changed.
   * @param {readonly string[]} labels one for each message
   * @returns {Alert[]}
   */
  push(labels) {
    const window = this.#window++
    for (const label of labels)
      if (!this.#tracks.has(label)) this.#tracks.set(label, new Track(window))
    /** @type {Alert[]} */
    const alerts = []
    for (const [label, track] of this.#tracks) {
      const count = labels.filter(one => one === label).length
      const found = track.push(count, labels.length)
      if (found) alerts.push({ label, window, ...found })
    }
    return alerts
  }
}

class Track {
  /** @type {{ count: number, total: number }[]} */
  #past = []
  #more = 0
  #less = 0

  /** @param {number} before windows in which the label did not occur */
  constructor(before) {
    this.#past = Array.from({ length: Math.min(before, MOST) }, () => ({ count: 0, total: 1 }))
  }

  /**
   * @param {number} count
   * @param {number} total
   */
  push(count, total) {
    const usual = this.#rate(this.#past.slice(0, -LATEST))
    if (this.#past.length >= LEAST + LATEST) {
      const expected = usual * total
      this.#more = Math.max(0, this.#more + count * Math.log(RATIO) - expected * (RATIO - 1))
      this.#less = Math.max(0, this.#less - count * Math.log(RATIO) + expected * (1 - 1 / RATIO))
      if (this.#more > THRESHOLD || this.#less > THRESHOLD) {
        const direction =
          this.#more > THRESHOLD ? /** @type {const} */ ('more') : /** @type {const} */ ('less')
        this.#past = [{ count, total }]
        this.#more = this.#less = 0
        return { direction, usual, now: count / total }
      }
    }
    this.#past.push({ count, total })
    if (this.#past.length > MOST + LATEST) this.#past.shift()
    return undefined
  }

  /**
   * A label that has not occurred yet counts as half a message.
   * @param {readonly { count: number, total: number }[]} windows
   */
  #rate(windows) {
    const count = windows.reduce((sum, window) => sum + window.count, 0)
    const total = windows.reduce((sum, window) => sum + window.total, 0)
    return (count + 0.5) / Math.max(1, total)
  }
}
