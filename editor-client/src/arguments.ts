/** Arguments of `portside serve` with one more option; what follows `--` is the script's, so it goes before that. */
export function withOption(given: readonly string[], option: string): string[] {
  const end = given.indexOf("--");
  const own = end < 0 ? given : given.slice(0, end);
  if (own.includes(option)) return [...given];
  return [...own, option, ...given.slice(own.length)];
}
