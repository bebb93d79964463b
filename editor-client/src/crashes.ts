/** Counts how often something ended by itself, within a time. */
export class Crashes {
  private times: number[] = [];

  constructor(
    private readonly limit: number,
    private readonly withinMs: number,
  ) {}

  /** Whether it has now ended too often to be started again. */
  add(now: number): boolean {
    this.times = [...this.times.filter((time) => now - time < this.withinMs), now];
    return this.times.length >= this.limit;
  }
}
