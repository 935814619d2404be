/** The seed of every fast-check property: the same for every change, another each night. */
export const SEED = Number(process.env['FC_SEED'] ?? 1206);

/** Says how to draw the same values again. */
export const seedLine = (): string => `fast-check seed ${SEED}; FC_SEED=${SEED} repeats it`;
