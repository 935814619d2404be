"""Prints the regrets of Optuna's samplers on one function of regret.ts as JSON: optuna-regret.py NAME SEEDS."""
import json, math, random, sys, warnings
import optuna

warnings.filterwarnings('ignore')
optuna.logging.set_verbosity(optuna.logging.ERROR)
A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
P = [[0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886], [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
     [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665], [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381]]
ALPHA = [1, 1.2, 3, 3.2]


def cube(t, size, low, high):
    return [t.suggest_float(f'x{i}', low, high) for i in range(size)]


def branin(t):
    x, y = t.suggest_float('x', -5, 10), t.suggest_float('y', 0, 15)
    valley = y - 5.1 / (4 * math.pi ** 2) * x * x + 5 / math.pi * x - 6
    return valley ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.39788735772973816


def hartmann6(t):
    v = cube(t, 6, 0, 1)
    return 3.322368011415515 - sum(
        ALPHA[i] * math.exp(-sum(A[i][j] * (v[j] - P[i][j]) ** 2 for j in range(6))) for i in range(4))


def rosenbrock5(t):
    v = cube(t, 5, -5, 10)
    return sum(100 * (v[i + 1] - v[i] ** 2) ** 2 + (1 - v[i]) ** 2 for i in range(4))


def ackley10(t):
    v = cube(t, 10, -15, 30)
    squares, waves = sum(x * x for x in v) / 10, sum(math.cos(2 * math.pi * x) for x in v) / 10
    return -20 * math.exp(-0.2 * math.sqrt(squares)) - math.exp(waves) + 20 + math.e


def mixed(t):
    kind = t.suggest_categorical('opt', ['sgd', 'adam', 'rms'])
    level = math.log10(t.suggest_float('lr', 1e-6, 1, log=True))
    if kind == 'sgd':
        s = 0.35 + 0.3 * abs(t.suggest_float('momentum', 0, 1) - 0.9) + 0.125 * (level + 1) ** 2
    elif kind == 'adam':
        s = 0.05 + 0.8 * abs(t.suggest_float('beta', 0.8, 0.999) - 0.93) + 0.2 * (level + 3) ** 2
    else:
        eps = t.suggest_float('eps', 1e-10, 1e-2, log=True)
        s = 0.2 + 0.15 * abs(math.log10(eps) + 6) + 0.2 * (level + 2.5) ** 2
    act = {'relu': 0, 'tanh': 0.15, 'gelu': 0.02, 'elu': 0.1}
    s += 0.03 * (t.suggest_int('layers', 1, 8) - 4) ** 2 + act[t.suggest_categorical('act', list(act))]
    return s + 0.1 * abs(t.suggest_int('units', 16, 1024) / 64 - 6) / 3


def noisy(t):
    lr, wd = t.suggest_float('lr', 1e-6, 1, log=True), t.suggest_float('wd', 1e-8, 1, log=True)
    drop, units = t.suggest_float('drop', 0, 0.8), t.suggest_int('units', 8, 512)
    return ((math.log10(lr) + 2.7) ** 2 + (math.log10(wd) + 4) ** 2 * 0.3
            + 4 * (drop - 0.25) ** 2 + ((units - 160) / 100) ** 2)


name, seeds = sys.argv[1], int(sys.argv[2])
at = globals()[name]
# By name: how many trials run at a time, those that began first ending first, and the sampler of a seed.
samplers = {
    'default': (1, lambda seed: optuna.samplers.TPESampler(seed=seed)),
    'default, 8 at a time': (8, lambda seed: optuna.samplers.TPESampler(seed=seed, constant_liar=True)),
    'NSGA-II': (1, lambda seed: optuna.samplers.NSGAIISampler(seed=seed)),
}
try:
    import cmaes  # noqa: F401

    samplers['CMA-ES'] = (1, lambda seed: optuna.samplers.CmaEsSampler(seed=seed))
except ImportError:
    pass
out = {}
for label, (width, sampler) in samplers.items():
    after60, after150 = [], []
    for seed in range(seeds):
        noise, tried, running = random.Random(seed + 1), [], []
        study = optuna.create_study(sampler=sampler(seed))
        for asked in range(150 + width - 1):
            if asked < 150:
                trial = study.ask()
                running.append((trial, at(trial)))
            if len(running) == width or asked >= 150:
                trial, value = running.pop(0)
                tried.append((value + (0.5 * noise.gauss(0, 1) if name == 'noisy' else 0), value))
                study.tell(trial, tried[-1][0])
        after60.append(min(tried[:60])[1])
        after150.append(min(tried)[1])
    out[label] = {'after60': after60, 'after150': after150}
print(json.dumps(out))
