/** Addresses as they are typed: one to a line, or with commas, semicolons or spaces between. */
export const addresses = (text: string): string[] => [...new Set(text.split(/[\s,;]+/).filter((one) => one !== ''))]
