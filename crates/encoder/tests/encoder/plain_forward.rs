//! The same network in f64, one text at a time, with a loop for every sum: the yardstick.

use crate::model_files::{Spec, Tensor, Tensors};

type Rows = Vec<Vec<f64>>;

/// Pooling by name, then dense, then normalisation if the model has it.
pub(crate) fn encode(spec: &Spec, ids: &[u32], pooling: &str) -> Vec<f64> {
    let rows = token_vectors(spec, &spec.tensors(), ids);
    let columns = |of: &dyn Fn(&mut dyn Iterator<Item = f64>) -> f64| -> Vec<f64> {
        (0..spec.hidden).map(|column| of(&mut rows.iter().map(|row| row[column]))).collect()
    };
    let mut vector = match pooling {
        "mean" => columns(&|values| values.sum::<f64>() / ids.len() as f64),
        "max" => columns(&|values| values.fold(f64::NEG_INFINITY, f64::max)),
        _ => rows[0].clone(),
    };
    if let Some(dense) = &spec.dense {
        let tensors = spec.dense_tensors();
        let zeros = Tensor { shape: vec![dense.outputs], values: vec![0.0; dense.outputs] };
        let bias = tensors.get("linear.bias").unwrap_or(&zeros);
        vector = linear(&vec![vector], &tensors["linear.weight"], bias).remove(0);
        for x in &mut vector {
            *x = activate(dense.activation, *x);
        }
    }
    if spec.normalize {
        let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        for x in &mut vector {
            *x /= norm;
        }
    }
    vector
}

fn token_vectors(spec: &Spec, tensors: &Tensors, ids: &[u32]) -> Rows {
    let row = |name: &str, row: usize| -> Vec<f64> {
        let values = &tensors[name].values[row * spec.hidden..][..spec.hidden];
        values.iter().map(|x| f64::from(*x)).collect()
    };
    let norm = |rows: &Rows, name: &str| {
        let (weight, bias) =
            (&tensors[&format!("{name}.weight")], &tensors[&format!("{name}.bias")]);
        layer_norm(rows, weight, bias, spec.epsilon())
    };
    let embedded: Rows = (0..ids.len())
        .map(|place| {
            let mut sum = row("embeddings.word_embeddings.weight", ids[place] as usize);
            let position =
                row("embeddings.position_embeddings.weight", place + spec.first_position());
            sum.iter_mut().zip(position).for_each(|(s, p)| *s += p);
            if spec.has_token_types() {
                let kind = row("embeddings.token_type_embeddings.weight", 0);
                sum.iter_mut().zip(kind).for_each(|(s, k)| *s += k);
            }
            sum
        })
        .collect();
    let mut x = norm(&embedded, "embeddings.LayerNorm");
    let table = tensors.get("encoder.relative_attention_bias.weight");
    let bias = |head: usize, i: usize, j: usize| {
        table.map_or(0.0, |table| f64::from(table.values[bucket(i, j) * spec.heads + head]))
    };
    for layer in 0..spec.layers {
        let name = |part: &str| spec.layer_name(layer, part);
        let project = |rows: &Rows, part: &str| {
            linear(
                rows,
                &tensors[&format!("{}.weight", name(part))],
                &tensors[&format!("{}.bias", name(part))],
            )
        };
        let context = attention(
            &project(&x, "attention.self.query"),
            &project(&x, "attention.self.key"),
            &project(&x, "attention.self.value"),
            spec.heads,
            &bias,
        );
        let y = norm(
            &sum(&project(&context, "attention.output.dense"), &x),
            &name("attention.output.LayerNorm"),
        );
        let mut middle = project(&y, "intermediate.dense");
        middle.iter_mut().flatten().for_each(|x| *x = activate(spec.activation, *x));
        x = norm(&sum(&project(&middle, "output.dense"), &y), &name("output.LayerNorm"));
    }
    x
}

fn linear(rows: &Rows, weight: &Tensor, bias: &Tensor) -> Rows {
    let inputs = weight.shape[1];
    let output = |row: &[f64], j: usize| {
        let weights = &weight.values[j * inputs..][..inputs];
        row.iter().zip(weights).map(|(x, w)| x * f64::from(*w)).sum::<f64>()
            + f64::from(bias.values[j])
    };
    rows.iter().map(|row| (0..weight.shape[0]).map(|j| output(row, j)).collect()).collect()
}

/// `MPNet`'s, as `MPNetEncoder.relative_position_bucket` computes it, with its logarithm.
fn bucket(query: usize, key: usize) -> usize {
    let half = if key > query { 16 } else { 0 };
    let distance = key.abs_diff(query);
    if distance < 8 {
        return half + distance;
    }
    let grown = (distance as f32 / 8.0).ln() / 16.0_f32.ln() * 8.0;
    half + (8 + grown as usize).min(15)
}

/// `bias(head, i, j)` is added to the score of query i and key j.
fn attention(
    q: &Rows,
    k: &Rows,
    v: &Rows,
    heads: usize,
    bias: &dyn Fn(usize, usize, usize) -> f64,
) -> Rows {
    let width = q[0].len() / heads;
    let mut out = vec![vec![0.0; q[0].len()]; q.len()];
    for head in 0..heads {
        let part = head * width..(head + 1) * width;
        for (i, out) in out.iter_mut().enumerate() {
            let dot = |key: &Vec<f64>| -> f64 {
                q[i][part.clone()].iter().zip(&key[part.clone()]).map(|(a, b)| a * b).sum()
            };
            let score = |(j, key)| (dot(key) / (width as f64).sqrt() + bias(head, i, j)).exp();
            let scores: Vec<f64> = k.iter().enumerate().map(score).collect();
            let total: f64 = scores.iter().sum();
            for (score, value) in scores.iter().zip(v) {
                for column in part.clone() {
                    out[column] += score / total * value[column];
                }
            }
        }
    }
    out
}

fn layer_norm(rows: &Rows, weight: &Tensor, bias: &Tensor, epsilon: f64) -> Rows {
    let normalise = |row: &Vec<f64>| {
        let mean = row.iter().sum::<f64>() / row.len() as f64;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / row.len() as f64;
        let scaled = row.iter().map(|x| (x - mean) / (variance + epsilon).sqrt());
        scaled
            .zip(&weight.values)
            .zip(&bias.values)
            .map(|((x, w), b)| x * f64::from(*w) + f64::from(*b))
            .collect()
    };
    rows.iter().map(normalise).collect()
}

fn sum(a: &Rows, b: &Rows) -> Rows {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect()
}

fn activate(name: &str, x: f64) -> f64 {
    match name {
        "gelu" | "GELU" => 0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2)),
        "gelu_new" | "gelu_pytorch_tanh" => {
            0.5 * x
                * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh())
        }
        "relu" | "ReLU" => x.max(0.0),
        "Tanh" => x.tanh(),
        "Identity" => x,
        other => panic!("no activation {other}"),
    }
}

/// `2/√π exp(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!`, whose terms all have the sign of x.
fn erf(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut total) = (x, x);
    for n in 1..200 {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        total += term;
    }
    2.0 / std::f64::consts::PI.sqrt() * (-x * x).exp() * total
}
