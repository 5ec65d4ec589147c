/** token stands for your sign-in: the example's links bring it behind the #. */
export async function token(): Promise<string> {
  return location.hash.slice(1);
}
