export declare const rooms: Readonly<
  Record<string, { holds: string; mayImport: readonly string[] }>
>;
