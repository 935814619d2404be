/** The second stage, behind one import: Arrow, Parquet and RxJS take a quarter of a second to load. */
export { readIdentity } from './identity.js';
export { loadRun } from './load-run.js';
export { publishGate } from './publish-gate.js';
export { RunPipeline } from './run-pipeline.js';
export { SystemFile } from './system-file.js';
export { SystemSampler } from './system-sampler.js';
