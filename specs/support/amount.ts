/** An amount that is enough for each change, and the one for a night, when SPECS_AT_NIGHT is set. */
export const amount = (eachChange: number, eachNight: number): number =>
  process.env['SPECS_AT_NIGHT'] === undefined ? eachChange : eachNight;
