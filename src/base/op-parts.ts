/** The ranges into which ops `fromOp` … `toOp` are cut: about equal, `parts` at most, without gaps. The same for whoever computes them. */
export function opParts(
  fromOp: number,
  toOp: number,
  parts: number,
): { readonly fromOp: number; readonly toOp: number }[] {
  const size = Math.max(1, Math.ceil((toOp - fromOp + 1) / Math.max(1, parts)));
  const ranges: { fromOp: number; toOp: number }[] = [];
  for (let first = fromOp; first <= toOp; first += size)
    ranges.push({ fromOp: first, toOp: Math.min(toOp, first + size - 1) });
  return ranges;
}
