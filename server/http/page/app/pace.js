/* pace.js - draws the newest state, and never so often that the page is deaf:
 * on a busy machine it draws less, in a hidden tab not at all. */

const REST = 3; /* times as long as a drawing took, before the next one */

export class Pace {
  constructor(draw) {
    this.draw = draw;
    this.wanted = false; /* something is new */
    this.busy = false; /* drawing, or resting from it */
    this.back = () => this.next();
    document.addEventListener('visibilitychange', this.back);
  }

  close() {
    this.busy = true;
    document.removeEventListener('visibilitychange', this.back);
  }

  want() {
    this.wanted = true;
    this.next();
  }

  next() {
    if (!this.wanted || this.busy || document.hidden) return;
    this.wanted = false;
    this.busy = true;
    const begun = performance.now();
    this.draw();
    /* The frame after the next one begins when this one has been painted. */
    requestAnimationFrame(() => setTimeout(() => {
      setTimeout(() => {
        this.busy = false;
        this.next();
      }, REST * (performance.now() - begun));
    }));
  }
}
