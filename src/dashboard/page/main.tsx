import { render } from 'preact';
import type { ReportData } from '../report-data.js';
import type { Api } from './api/api.js';
import { httpApi } from './api/http-api.js';
import { reportApi } from './api/report-api.js';
import { beginSession } from './api/session.js';
import { Page } from './page.js';

/** Returns the report that the page is embedded in, if any. */
function embeddedReport(): ReportData | null {
  const element = document.getElementById('expman-report');
  // Written by the same program as this page.
  return element === null ? null : (JSON.parse(element.textContent) as ReportData);
}

async function beginApi(): Promise<Api> {
  const report = embeddedReport();
  if (report !== null) return reportApi(report);
  await beginSession();
  return httpApi();
}

const root = document.getElementById('page');
if (root !== null) render(<Page begin={beginApi} />, root);
