/**
 * TensorBoard: reading and writing its event files, a `SummaryWriter`, and a tap that mirrors a run
 * live.
 *
 * @packageDocumentation
 */
export type { ColumnField, ColumnType } from '../../columnar/column.js';
export type { LogLine } from '../../run/log-line.js';
export { ExpmanError, type ErrorCode, type ErrorFacts } from '../../model/errors.js';
export type { MetricRow, MetricValue } from '../../model/metric.js';
export type { Params, ParamValue } from '../../model/params.js';
export { RunStatus } from '../../model/run-status.js';
export type { Step } from '../../model/step.js';
export type { ExchangeRun, Exporter, Importer } from '../exchange/exchange-run.js';
export { tensorboardExporter } from './exporter.js';
export type { HistogramCounts } from './histogram-tensor.js';
export { tensorboardImporter, type TensorBoardImportOptions } from './importer.js';
export { SummaryWriter, type SummaryWriterOptions } from './summary-writer.js';
export { type MirroredRun, toTensorBoard } from './to-tensorboard.js';
