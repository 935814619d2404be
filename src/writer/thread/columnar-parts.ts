/** The second stage, in one import: Arrow, Parquet and RxJS take a quarter of a second to load. */
export { readIdentity } from '../../run/identity.js';
export { loadRun } from '../../run/load-run.js';
export { publishGate } from '../paths/publish-gate.js';
export { RunPipeline } from '../paths/run-pipeline.js';
export { SystemFile } from '../system/system-file.js';
export { SystemSampler } from '../system/system-sampler.js';
