/** A quantile takes a millisecond to compute, and most configurations have the same number of passes. */
const cache = new Map<string, number>();

/** The `p`-quantile of Student's t distribution, p >= 0.5. The degrees of freedom may be fractional. */
export function studentQuantile(p: number, degreesOfFreedom: number): number {
  const key = `${p} ${degreesOfFreedom}`;
  const cached = cache.get(key);
  if (cached !== undefined) return cached;
  const quantile = invertCumulative(p, degreesOfFreedom);
  cache.set(key, quantile);
  return quantile;
}

/** Bisects down to two adjacent doubles. */
function invertCumulative(p: number, degreesOfFreedom: number): number {
  let low = 0;
  let high = 1;
  while (studentCumulative(high, degreesOfFreedom) < p) high *= 2;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) return middle;
    if (studentCumulative(middle, degreesOfFreedom) < p) low = middle;
    else high = middle;
  }
}

/** P(T <= t) for t >= 0, by the regularised incomplete beta function. */
function studentCumulative(t: number, degreesOfFreedom: number): number {
  const x = degreesOfFreedom / (degreesOfFreedom + t * t);
  return 1 - incompleteBeta(x, degreesOfFreedom / 2, 0.5) / 2;
}

/** I_x(a, b): the continued fraction of DLMF 8.17.22, evaluated by Lentz's method. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast only for smaller x.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front =
    Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)) /
    a;
  const tiny = 1e-300;
  let c = 1;
  let d = 0;
  let fraction = 1;
  for (let index = 0; index <= 300; index += 1) {
    const m = Math.floor(index / 2);
    const numerator =
      index === 0
        ? 1
        : index % 2 === 0
          ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
          : -((a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + numerator * d || tiny);
    c = 1 + numerator / c || tiny;
    fraction *= c * d;
    if (Math.abs(1 - c * d) < 1e-14) break;
  }
  return front * (fraction - 1);
}

/** Lanczos approximation, g = 7, nine terms; x > 0. */
function logGamma(x: number): number {
  const coefficients = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406,
    12.507343278686905, -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ];
  const shifted = x - 1;
  const series = coefficients.reduce(
    (sum, coefficient, index) => sum + coefficient / (shifted + index + 1),
    0.9999999999998099,
  );
  const t = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(series);
}
