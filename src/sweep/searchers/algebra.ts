/** A symmetric matrix, or the lower triangle of one, row after row. */
export type Square = Float64Array;

/**
 * Returns the Cholesky factor of a positive definite matrix: lower triangular, its rows one after
 * the other. Null if the matrix is not positive definite.
 *
 * G. H. Golub and C. F. Van Loan, "Matrix Computations", algorithm 4.2.2, by rows. Written out here,
 * because it takes most of the time of a Gaussian process, and flat rows are several times faster than
 * the general matrix classes of packages.
 */
export function cholesky(matrix: Square, size: number): Square | null {
  const factor = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column <= row; column += 1) {
      let sum = matrix[row * size + column]!;
      const [of, by] = [row * size, column * size];
      for (let at = 0; at < column; at += 1) sum -= factor[of + at]! * factor[by + at]!;
      if (column < row) factor[of + column] = sum / factor[by + column]!;
      else if (sum > 0) factor[of + row] = Math.sqrt(sum);
      else return null;
    }
  return factor;
}

/** Solves `L x = b` for a lower triangular `L`. */
export function solveLower(factor: Square, b: Float64Array): Float64Array {
  const size = b.length;
  const x = new Float64Array(size);
  for (let row = 0; row < size; row += 1) {
    let sum = b[row]!;
    for (let at = 0; at < row; at += 1) sum -= factor[row * size + at]! * x[at]!;
    x[row] = sum / factor[row * size + row]!;
  }
  return x;
}

/** Solves `Lᵀ x = b` for a lower triangular `L`. */
export function solveUpper(factor: Square, b: Float64Array): Float64Array {
  const size = b.length;
  const x = Float64Array.from(b);
  for (let row = size - 1; row >= 0; row -= 1) {
    x[row]! /= factor[row * size + row]!;
    for (let at = 0; at < row; at += 1) x[at]! -= factor[row * size + at]! * x[row]!;
  }
  return x;
}

/** Returns the inverse of `L Lᵀ`. */
export function inverseOf(factor: Square, size: number): Square {
  // The inverse of L by rows, then its product with itself.
  const lower = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    const pivot = 1 / factor[row * size + row]!;
    lower[row * size + row] = pivot;
    for (let inner = 0; inner < row; inner += 1) {
      const scale = factor[row * size + inner]! * pivot;
      for (let column = 0; column <= inner; column += 1)
        lower[row * size + column]! -= scale * lower[inner * size + column]!;
    }
  }
  const inverse = new Float64Array(size * size);
  for (let inner = 0; inner < size; inner += 1)
    for (let row = 0; row <= inner; row += 1) {
      const scale = lower[inner * size + row]!;
      for (let column = 0; column <= row; column += 1)
        inverse[row * size + column]! += scale * lower[inner * size + column]!;
    }
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < row; column += 1)
      inverse[column * size + row] = inverse[row * size + column]!;
  return inverse;
}

/** The eigenvalues of a symmetric matrix, and its eigenvectors as columns. */
export interface Eigen {
  readonly values: Float64Array;
  readonly vectors: Square;
}

/** Sweeps over all pairs after which the rotations of doubles have long converged. */
const SWEEPS = 50;

/**
 * Returns the eigenvalues and eigenvectors of a symmetric matrix: cyclic Jacobi rotations (Golub and
 * Van Loan, algorithm 8.4.3), which are exact for small eigenvalues too, and fast enough for the tens
 * of dimensions of a search.
 */
export function eigenOf(matrix: Square, size: number): Eigen {
  const a = Float64Array.from(matrix);
  const vectors = new Float64Array(size * size);
  for (let at = 0; at < size; at += 1) vectors[at * size + at] = 1;
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    let [off, diagonal] = [0, 0];
    for (let row = 0; row < size; row += 1)
      for (let column = 0; column <= row; column += 1) {
        const square = a[row * size + column]! ** 2;
        if (row === column) diagonal += square;
        else off += square;
      }
    if (off <= 1e-30 * diagonal) break;
    for (let p = 0; p < size - 1; p += 1)
      for (let q = p + 1; q < size; q += 1) rotate(a, vectors, { p, q, size });
  }
  return { values: Float64Array.from({ length: size }, (_, at) => a[at * size + at]!), vectors };
}

interface Pair {
  readonly p: number;
  readonly q: number;
  readonly size: number;
}

/** Rotates rows and columns p and q so that their common element becomes 0. */
function rotate(a: Square, vectors: Square, { p, q, size }: Pair): void {
  const common = a[p * size + q]!;
  if (common === 0) return;
  const theta = (a[q * size + q]! - a[p * size + p]!) / (2 * common);
  const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  const turn = (of: Square, one: number, other: number): void => {
    const [x, y] = [of[one]!, of[other]!];
    of[one] = cosine * x - sine * y;
    of[other] = sine * x + cosine * y;
  };
  for (let at = 0; at < size; at += 1) turn(a, at * size + p, at * size + q);
  for (let at = 0; at < size; at += 1) turn(a, p * size + at, q * size + at);
  for (let at = 0; at < size; at += 1) turn(vectors, at * size + p, at * size + q);
}
