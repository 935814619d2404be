/**
 * The parts of the writer that need YAML, in one import: the first drain does not wait for them.
 */
export { yaml } from '../../storage/yaml-file.js';
export { writeConfigFile } from '../files/write-config-file.js';
export { knownLosses, reopenRunFile, tellLosses, writeRunFile } from '../files/write-run-file.js';
