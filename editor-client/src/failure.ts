/** What went wrong, as `portside explain` and the records say it: server/portside/failures/failure.py. */
export interface Failure {
  name: string;
  happened: string;
  cause: string;
  evidence: string;
  where: { file: string; line: number; function: string; source: string } | null;
  remedies: string[];
  rules: string[];
}

const PAGES = "https://github.com/portside/portside/blob/main/docs/failures.md";

/** Where this way to fail is described; nowhere for one that is not known. */
export function pageOf({ name }: Pick<Failure, "name">): string | undefined {
  return name === "unknown" ? undefined : `${PAGES}#${name}`;
}
