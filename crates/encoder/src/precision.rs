//! Which precision a model gets when none is asked for: bytes if its vectors survive them, else bf16, else f32.
//!
//! Bytes are the fastest at every instruction set, so the choice depends on the model alone, and a collection that is made
//! on one machine can be opened on another. Whether a model survives is measured on the model itself: some sentences in
//! English and Chinese are encoded in both precisions, and the cosines of their vectors have to be [`CLOSE`] to 1 in the
//! mean. (all-MiniLM-L6-v2 has 0.999, multilingual-e5-small 0.9996; models whose activations have outliers, as some large
//! ones do, fall far below.)

use hippocamp_simd::Precision;

use crate::forward::Scratch;
use crate::model::{Model, Network};
use crate::tokenizer::Tokenizer;
use crate::{Error, Tokens};

/// The mean cosine to the vectors of f32 from which on a precision will do.
const CLOSE: f64 = 0.995;

/// The fastest first.
pub(crate) const BY_SPEED: [Precision; 3] = [Precision::Int8, Precision::Bf16, Precision::F32];

/// What is encoded to compare precisions: statements, questions, names, numbers, code, a long text, two languages.
const PROBES: [&str; 20] = [
    "My favourite sport is soccer",
    "which match should I watch tonight?",
    "A man is playing a guitar on a stage.",
    "The patient was given 250 mg of amoxicillin three times a day.",
    "How do I reset the password of my account?",
    "Revenue grew by 12.4 % in the third quarter of 2023, to $4.1 billion.",
    "error: cannot borrow `buffer` as mutable because it is also borrowed as immutable",
    "Paris, 14 July 1789",
    "ok",
    "I never said that she stole the money; you must have misheard me.",
    "The mitochondrion is an organelle that makes most of the chemical energy that a cell needs. It has two \
     membranes, of which the inner one is folded into cristae, and a genome of its own, which is inherited from the \
     mother in most animals. Its number in a cell varies with the tissue: red blood cells have none, liver cells some \
     two thousand.",
    "SELECT name, count(*) FROM orders GROUP BY name HAVING count(*) > 3;",
    "我最喜欢的运动是足球",
    "今天晚上应该看哪场比赛？",
    "如何重置我的账户密码？",
    "这款耳机的降噪效果很好，但是续航时间只有六个小时。",
    "公司第三季度营收同比增长百分之十二点四。",
    "北京市朝阳区建国路八十八号",
    "请问从上海到杭州的高铁最早一班是几点？",
    "线粒体是细胞中制造能量的结构，它有两层膜，内膜向内折叠形成嵴，并且拥有自己的基因组。",
];

/// Leaves in `model`, which has the first of `offered`, the weights of the first one that will do.
pub(crate) fn settle(
    model: &mut Model,
    tokenizer: &Tokenizer,
    offered: &[Precision],
    load: impl Fn(Precision) -> Result<Network, Error>,
) -> Result<Precision, Error> {
    let rounded = offered.iter().copied().filter(|precision| *precision != Precision::F32);
    if rounded.clone().count() == 0 {
        return Ok(Precision::F32);
    }
    // A tokenizer may refuse what is not in its vocabulary.
    let probes: Vec<Tokens> =
        PROBES.iter().filter_map(|text| tokenizer.tokenize(text, "").ok()).collect();
    let exact = load(Precision::F32)?;
    let first = std::mem::replace(&mut model.network, exact);
    // Nothing to compare with, or the caller sees the same error at the first text.
    let truth = vectors(model, &probes).ok().filter(|truth| !truth.is_empty());
    let Some(truth) = truth else { return Ok(Precision::F32) };
    let exact = std::mem::replace(&mut model.network, first);
    for (place, precision) in rounded.enumerate() {
        if place > 0 {
            model.network = load(precision)?;
        }
        // Vectors that are not finite are not close.
        if vectors(model, &probes).is_ok_and(|found| is_close(&found, &truth, model.dimension)) {
            return Ok(precision);
        }
    }
    model.network = exact;
    Ok(Precision::F32)
}

/// `[probes.len(), dimension]`.
fn vectors(model: &Model, probes: &[Tokens]) -> Result<Vec<f32>, Error> {
    let mut out = vec![0.0; probes.len() * model.dimension];
    let probes: Vec<&Tokens> = probes.iter().collect();
    model.forward(&probes, &mut Scratch::default(), &mut out)?;
    Ok(out)
}

fn is_close(found: &[f32], truth: &[f32], dimension: usize) -> bool {
    let rows = found.chunks_exact(dimension).zip(truth.chunks_exact(dimension));
    let cosines: Vec<f64> = rows.map(|(a, b)| cosine(a, b)).collect();
    cosines.iter().sum::<f64>() >= CLOSE * cosines.len() as f64
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    // Two vectors of nothing are the same.
    if norms == 0.0 { 1.0 } else { dot(a, b) / norms }
}

#[cfg(test)]
mod tests {
    use super::is_close;

    #[test]
    fn vectors_are_close_when_they_point_the_same_way() {
        assert!(is_close(&[2.0, 0.0, 0.0, 3.0], &[1.0, 0.0, 0.0, 1.0], 2));
        assert!(is_close(&[0.0, 0.0], &[0.0, 0.0], 2));
        assert!(!is_close(&[1.0, 0.2], &[1.0, 0.0], 2));
        assert!(!is_close(&[f32::NAN, 1.0], &[1.0, 0.0], 2));
    }
}
