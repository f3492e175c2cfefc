/** What a long step is doing just now; with a total it can be shown as a percentage. */
export type Progress = { text: string; doneBytes?: number; totalBytes?: number };

export type OnProgress = (progress: Progress) => void;
