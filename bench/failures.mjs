// What a bench with peers says of those that it could not measure.

/** Engines that could not be measured, or not wholly. @param {object[]} rows */
export function failureTable(rows) {
  return {
    key: 'failures',
    title: 'not measured',
    columns: { engine: 'engine', variant: 'variant', error: 'error' },
    rows,
  }
}
