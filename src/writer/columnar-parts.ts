/** The second stage, behind one import: Arrow and Parquet take a tenth of a second to load. */
export { loadRun } from './load-run.js';
export { RunPipeline } from './run-pipeline.js';
