import { arrow } from '../../columnar/arrow.js';

// Loaded with the stage, and not when the first rows are written: descriptors may be used up by
// then.
arrow();

/* The second stage, in one import: Arrow, Parquet and RxJS take longer to load than all else. */
export { readIdentity } from '../../run/identity.js';
export { loadRun } from '../../run/load-run.js';
export { publishGate } from '../paths/publish-gate.js';
export { RunPipeline } from '../paths/run-pipeline.js';
export { SessionAlerts } from '../session/session-alerts.js';
export { SystemFile } from '../system/system-file.js';
export { SystemSampler } from '../system/system-sampler.js';
