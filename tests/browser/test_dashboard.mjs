/* test_dashboard.mjs - the dashboard in a real browser; test_dashboard.py starts
 * it with a server: URL; then with workers: URL JOB WORKER PID FOLDER. */
import {launch} from './browser.mjs';
import {prove} from './claims.mjs';
import {liveClaims, paintClaims} from './live.mjs';
import {scaleClaims} from './scale.mjs';

const [url, job, name, pid, shots] = process.argv.slice(2);
const browser = await launch();
let failed = 0;
try {
  if (!job) {
    failed += await prove(await paintClaims(browser, url));
  } else {
    failed += await prove(await liveClaims(browser, {url, job, victim: {name, pid: Number(pid)}, shots}));
    failed += await prove(await scaleClaims(browser, {shots}));
  }
} finally {
  await browser.close();
}
process.exit(failed ? 1 : 0);
