export const PARTS: readonly { readonly name: string; readonly script: string; readonly makes: string }[];
