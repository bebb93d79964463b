import type { DocumentSelector } from "vscode-languageclient/node";

/**
 * Python, and the files that launch servers: by name, since editors and other extensions disagree on what
 * their languages are called. The server decides which of them it has something to say of.
 */
const LAUNCH_FILES = [
  "**/*{Dockerfile,dockerfile,Containerfile,containerfile}*",
  "**/*.{yml,yaml}",
  "**/*.{sh,bash,zsh,sbatch,slurm}",
  "**/{Makefile,makefile,GNUmakefile}*",
  "**/*.mk",
  "**/Procfile*",
  "**/*.service",
  "**/package.json",
  "**/.vscode/{launch,tasks}.json",
  "**/{.env,.env.*,*.env}",
];

export const DOCUMENTS: DocumentSelector = [
  { scheme: "file", language: "python" },
  { scheme: "file", language: "shellscript" },
  { scheme: "vscode-notebook-cell", language: "python" },
  ...LAUNCH_FILES.map((pattern) => ({ scheme: "file", pattern })),
];
