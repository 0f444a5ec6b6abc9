/* claims.mjs - claims that are proven one after another. */

/* Run the claims one after another; the number of those that do not hold. */
export async function prove(claims) {
  let failed = 0;
  for (const [name, proof] of claims) {
    const begun = Date.now();
    try {
      const told = await proof();
      console.log(`ok      ${name} (${Date.now() - begun} ms)${told ? `: ${told}` : ''}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}: ${error.stack}`);
    }
  }
  console.log(`${claims.length} claims, ${failed} failed`);
  return failed;
}

export function check(condition, text) {
  if (!condition) throw new Error(text);
}
