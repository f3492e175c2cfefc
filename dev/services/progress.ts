/** The state of a long step; with a total it can be shown as a percentage. */
export type Progress = { text: string; doneBytes?: number; totalBytes?: number };

export type OnProgress = (progress: Progress) => void;
