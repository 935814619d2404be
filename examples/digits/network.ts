import { PIXELS, type Digits } from './load-digits.js';
import type { Random } from './random.js';

const CLASSES = 10;

/** A dense layer: `weights[input * outputs + output]`, so that a blank pixel skips one contiguous row. */
interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Float32Array;
  readonly biases: Float32Array;
  readonly weightSteps: Float32Array;
  readonly biasSteps: Float32Array;
}

/** What a batch told: the mean cross-entropy in nats and the share of images it got right, before it learned. */
export interface BatchResult {
  readonly loss: number;
  readonly accuracy: number;
}

/** A classifier with one hidden layer of rectified units, trained by gradient descent with momentum. */
export class Network {
  readonly #hidden: Layer;
  readonly #output: Layer;
  readonly #activity: Float32Array;
  readonly #activityError: Float32Array;
  readonly #scores = new Float64Array(CLASSES);
  readonly #scoreErrors = new Float32Array(CLASSES);

  constructor(hiddenUnits: number, random: Random) {
    this.#hidden = makeLayer(PIXELS, hiddenUnits, random);
    this.#output = makeLayer(hiddenUnits, CLASSES, random);
    this.#activity = new Float32Array(hiddenUnits);
    this.#activityError = new Float32Array(hiddenUnits);
  }

  get parameterCount(): number {
    return [this.#hidden, this.#output].reduce(
      (sum, layer) => sum + layer.weights.length + layer.biases.length,
      0,
    );
  }

  /** Learns from the images `batch` names; `momentum` is the part of the last step that is taken again. */
  learn(
    digits: Digits,
    batch: Uint32Array,
    rates: { readonly learningRate: number; readonly momentum: number },
  ): BatchResult {
    for (const layer of [this.#hidden, this.#output]) fade(layer, rates.momentum);
    const scale = rates.learningRate / batch.length;
    let loss = 0;
    let right = 0;
    for (const image of batch) {
      const { label, guess, surprise } = this.#look(digits, image);
      loss += surprise;
      if (guess === label) right++;
      this.#blame(label);
      collect(this.#output, this.#activity, 0, this.#scoreErrors, scale);
      collect(this.#hidden, digits.pixels, image * PIXELS, this.#activityError, scale);
    }
    for (const layer of [this.#hidden, this.#output]) step(layer);
    return { loss: loss / batch.length, accuracy: right / batch.length };
  }

  /** Loss and accuracy over a whole set, without learning from it. */
  evaluate(digits: Digits): BatchResult {
    let loss = 0;
    let right = 0;
    for (let image = 0; image < digits.count; image++) {
      const { label, guess, surprise } = this.#look(digits, image);
      loss += surprise;
      if (guess === label) right++;
    }
    return { loss: loss / digits.count, accuracy: right / digits.count };
  }

  toJSON(): object {
    const plain = ({ inputs, outputs, weights, biases }: Layer) => ({
      inputs,
      outputs,
      weights: Array.from(weights, round),
      biases: Array.from(biases, round),
    });
    return { kind: 'mlp', activation: 'relu', layers: [plain(this.#hidden), plain(this.#output)] };
  }

  /** Runs one image through; leaves the probabilities in `#scores`. */
  #look(
    digits: Digits,
    image: number,
  ): { readonly label: number; readonly guess: number; readonly surprise: number } {
    const activity = this.#activity;
    forward(this.#hidden, digits.pixels, image * PIXELS, activity);
    for (let i = 0; i < activity.length; i++) if (activity[i]! < 0) activity[i] = 0;
    forward(this.#output, activity, 0, this.#scores);
    const guess = softmax(this.#scores);
    const label = digits.labels[image]!;
    return { label, guess, surprise: -Math.log(Math.max(this.#scores[label]!, 1e-12)) };
  }

  /** From the probabilities to each unit's share in the error: the backward pass. */
  #blame(label: number): void {
    const { weights, outputs } = this.#output;
    for (let c = 0; c < CLASSES; c++) this.#scoreErrors[c] = this.#scores[c]! - (c === label ? 1 : 0);
    for (let unit = 0; unit < this.#activity.length; unit++) {
      let error = 0;
      if (this.#activity[unit]! > 0) {
        for (let c = 0; c < CLASSES; c++) error += weights[unit * outputs + c]! * this.#scoreErrors[c]!;
      }
      this.#activityError[unit] = error;
    }
  }
}

function makeLayer(inputs: number, outputs: number, random: Random): Layer {
  const spread = Math.sqrt(6 / inputs);
  return {
    inputs,
    outputs,
    weights: Float32Array.from({ length: inputs * outputs }, () => (2 * random() - 1) * spread),
    biases: new Float32Array(outputs),
    weightSteps: new Float32Array(inputs * outputs),
    biasSteps: new Float32Array(outputs),
  };
}

function forward(
  { inputs, outputs, weights, biases }: Layer,
  from: Float32Array,
  start: number,
  to: Float32Array | Float64Array,
): void {
  to.set(biases);
  for (let i = 0; i < inputs; i++) {
    const value = from[start + i]!;
    if (value === 0) continue; // four pixels of five are blank
    const row = i * outputs;
    for (let o = 0; o < outputs; o++) to[o] = to[o]! + value * weights[row + o]!;
  }
}

/** Adds one image's gradient to the step of the layer. */
function collect(layer: Layer, from: Float32Array, start: number, errors: Float32Array, scale: number): void {
  const { inputs, outputs, weightSteps, biasSteps } = layer;
  for (let i = 0; i < inputs; i++) {
    const value = from[start + i]! * scale;
    if (value === 0) continue;
    const row = i * outputs;
    for (let o = 0; o < outputs; o++) weightSteps[row + o] = weightSteps[row + o]! - value * errors[o]!;
  }
  for (let o = 0; o < outputs; o++) biasSteps[o] = biasSteps[o]! - scale * errors[o]!;
}

function fade({ weightSteps, biasSteps }: Layer, momentum: number): void {
  for (let i = 0; i < weightSteps.length; i++) weightSteps[i] = weightSteps[i]! * momentum;
  for (let i = 0; i < biasSteps.length; i++) biasSteps[i] = biasSteps[i]! * momentum;
}

function step({ weights, biases, weightSteps, biasSteps }: Layer): void {
  for (let i = 0; i < weights.length; i++) weights[i] = weights[i]! + weightSteps[i]!;
  for (let i = 0; i < biases.length; i++) biases[i] = biases[i]! + biasSteps[i]!;
}

/** Turns scores into probabilities in place; returns the likeliest class. */
function softmax(scores: Float64Array): number {
  const highest = Math.max(...scores);
  let sum = 0;
  for (let c = 0; c < scores.length; c++) sum += scores[c] = Math.exp(scores[c]! - highest);
  for (let c = 0; c < scores.length; c++) scores[c] = scores[c]! / sum;
  return scores.indexOf(Math.max(...scores));
}

function round(weight: number): number {
  return Number(weight.toPrecision(7));
}
