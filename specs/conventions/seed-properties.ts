// Loaded before each spec file: a red property is then the fault of the change, and drawn again by the same seed.
import fc from 'fast-check';
import { SEED } from './seed.js';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED });
