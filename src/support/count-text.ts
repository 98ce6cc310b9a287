/** `1 VM`, `2 VMs`. */
export function countText(number: number, one: string, many = `${one}s`): string {
  return `${String(number)} ${number === 1 ? one : many}`;
}
