/* job_charts.js - the charts of one job along a common axis. */
import {el} from './dom.js';
import {Chart} from './chart.js';
import {Histogram} from './histogram.js';
import {Markers} from './markers.js';
import {fixed, whole} from './format.js';

const two = (x) => fixed(x, 3);

function lossChart() {
  return new Chart({title: 'Loss', sync: 'job', log: 'off', empty: 'No loss reported yet', lines: [
    {key: 'loss', label: 'training', colour: 'c-blue', band: true},
    {key: 'validation_loss', label: 'validation', colour: 'c-orange', points: true, width: 2},
  ]});
}

function momentumChart() {
  return new Chart({title: 'Momentum', hint: 'a dot is a decision; red: a worker was lost', sync: 'job', from: 0, strip: 0.11, lines: [
    {key: 'momentum', label: 'explicit', colour: 'c-blue', width: 2.5, step: true, text: two,
      hint: 'what the optimizer uses'},
    {key: 'implicit_predicted', label: 'implicit, predicted', colour: 'c-teal', dash: [6, 4], text: two,
      hint: '1 − 1/workers: what asynchrony adds if workers are alike'},
    {key: 'implicit_measured', label: 'implicit, measured', colour: 'c-teal', text: two, band: true,
      hint: 'from the staleness of the gradients'},
    {key: 'total', label: 'total, measured', colour: 'c-violet', text: two, band: true,
      hint: 'of explicit and implicit, from the updates themselves'},
    {key: 'target', label: 'target', colour: 'c-grey', dash: [2, 4], step: true, text: two,
      hint: 'where the law wants the explicit momentum'},
  ]});
}

function stepChart() {
  return new Chart({title: 'Effective step', hint: 'rate ÷ (1 − momentum)', sync: 'job', log: 'on',
    empty: 'No step yet', lines: [
      {key: 'effective_step', label: 'in use', colour: 'c-blue', width: 2, step: true},
      {key: 'step_bound', label: 'stability bound', colour: 'c-red', dash: [6, 4], step: true,
        hint: 'beyond it training would diverge, says the stability twin'},
    ]});
}

function throughputChart() {
  return new Chart({title: 'Throughput', hint: 'updates/s, and workers on the right', sync: 'job', from: 0, lines: [
    {key: 'updates_per_second', label: 'updates/s', colour: 'c-blue', band: true},
    {key: 'workers', label: 'workers', colour: 'c-grey', step: true, right: true, text: whole},
  ]});
}

export class JobCharts {
  constructor(columns) {
    this.columns = columns;
    this.axis = 'time';
    this.charts = [lossChart(), momentumChart(), stepChart(), throughputChart()];
    this.histogram = new Histogram();
    this.markers = new Markers(this.charts[1], (d) => this.place(d));
    const [loss, momentum, step, throughput] = this.charts;
    this.staleness = new Chart({title: 'Staleness over time', hint: 'mean, in versions', sync: 'job', from: 0,
      empty: 'No gradient yet', lines: [
        {key: 'staleness_mean', label: 'mean', colour: 'c-teal', band: true}]});
    this.charts.push(this.staleness);
    this.root = el('div', {class: 'charts'}, loss.root, momentum.root, step.root,
      this.histogram.root, throughput.root, this.staleness.root);
  }

  place(decision) {
    if (this.axis === 'version') return decision.version;
    return this.columns.place(this.axis, decision.unix_ms / 1000);
  }

  setAxis(axis) {
    this.axis = axis;
    this.draw();
  }

  draw() {
    if (!this.root.offsetParent) return;
    const rows = this.columns.along(this.axis);
    for (const chart of this.charts) chart.show(this.axis, rows);
  }

  show(job) {
    this.draw();
    if (this.root.offsetParent) this.histogram.show(job.staleness);
  }
}
