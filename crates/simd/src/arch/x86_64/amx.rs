//! AMX: tiles of sixteen rows of 64 bytes, and products of two of them added to a third.
//!
//! The layouts of rounded values are made for it: sixteen rows of inputs are one tile, sixteen groups of sixteen columns
//! another.
//!
//! ```text
//! for 64 bytes of k                       # tmm4, tmm5: two tiles of inputs; tmm6, tmm7: two of weights
//!   sums[i][j] += inputs[i] · weights[j]  # tmm0 … tmm3
//! ```
//!
//! Four loads for four products: more sums than four leave no room for the operands, and with fewer there are more loads
//! than products. Where sixteen rows or fewer are left, tmm2, tmm3 and tmm5 are not used. Rows behind the last one are
//! computed and thrown away.
//!
//! Rust's intrinsics for it are not stable, hence the assembly. The tiles are the thread's own state; they are configured
//! when a product begins and released when it ends. Linux gives them to processes that ask.

use std::arch::asm;
use std::arch::x86_64::{__cpuid_count, _xgetbv};
use std::sync::LazyLock;

use super::avx512::{self, F32x16, groups::ByteSums};
use crate::{
    Kernels, Level, Precision,
    arch::generic::{
        attention_of_tiles, products,
        rounded::{Numbers, RoundedTiles, Tile, round_to_bf16, round_to_bytes},
    },
    dispatch::Table,
    rounded::RowScale,
};

pub(crate) static KERNELS: Kernels = Kernels::from_table(Table {
    level: Level::Amx,
    matmul_bf16: kernels::matmul_bf16,
    matmul_int8: kernels::matmul_int8,
    attention_bf16: kernels::attention_bf16,
    ..avx512::bf16::TABLE
});

mod kernels {
    use super::{Bf16, Bytes};

    super::products! {
        "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16"; matmul_bf16 = Bf16; matmul_int8 = Bytes;
    }
    super::attention_of_tiles! {
        "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16"; attention_bf16 = Bf16;
    }
}

/// Rows of a tile, and groups of one.
const SIDE: usize = 16;
/// Bytes of a tile's row.
const LINE: usize = 64;

/// Whether this CPU has tiles of bytes and of bf16, and the system lets this process use them.
pub(crate) fn is_available() -> bool {
    static AVAILABLE: LazyLock<bool> = LazyLock::new(|| has_instructions() && is_permitted());
    *AVAILABLE
}

fn has_instructions() -> bool {
    const BF16: u32 = 1 << 22;
    const TILE: u32 = 1 << 24;
    const INT8: u32 = 1 << 25;
    /// State that the system saves: the configuration and the data of tiles.
    const STATE: u64 = 3 << 17;
    const OSXSAVE: u32 = 1 << 27;

    /// # Safety
    /// The CPU has XGETBV.
    #[target_feature(enable = "xsave")]
    unsafe fn saved() -> u64 {
        // SAFETY: register 0 always exists.
        unsafe { _xgetbv(0) }
    }

    let all = BF16 | TILE | INT8;
    let xgetbv = __cpuid_count(1, 0).ecx & OSXSAVE != 0;
    // SAFETY: OSXSAVE says that there is XGETBV.
    xgetbv && __cpuid_count(7, 0).edx & all == all && unsafe { saved() } & STATE == STATE
}

/// Asks Linux for the tiles, which it gives to a process for good.
#[cfg(target_os = "linux")]
fn is_permitted() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: the call takes numbers and gives one.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn is_permitted() -> bool {
    false
}

/// The shape of each tile, as `ldtilecfg` reads it.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// All eight tiles in their full size.
static WHOLE_TILES: Configuration = {
    let mut whole = Configuration {
        palette: 1,
        start_row: 0,
        reserved: [0; 14],
        row_bytes: [0; 16],
        rows: [0; 16],
    };
    let mut tile = 0;
    while tile < 8 {
        whole.row_bytes[tile] = LINE as u16;
        whole.rows[tile] = SIDE as u8;
        tile += 1;
    }
    whole
};

/// # Safety
/// The CPU has AMX, and the process may use it.
#[inline(always)]
unsafe fn configure() {
    // SAFETY: the configuration is 64 bytes of the form that palette 1 has.
    unsafe {
        asm!("ldtilecfg [{0}]", in(reg) &raw const WHOLE_TILES, options(nostack, preserves_flags));
    }
}

/// # Safety
/// As [`configure`].
#[inline(always)]
unsafe fn release() {
    // SAFETY: passed on.
    unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) }
}

/// `sums = Σ inputs · weights` of up to 32 rows, by one instruction: `products_of_tiles!("tdpbusd", rows, tile)`.
macro_rules! products_of_tiles {
    ($instruction:literal, $rows:expr, $tile:expr) => {{
        let tile: Tile = $tile;
        let steps = tile.groups / SIDE;
        let stride = tile.stride;
        let second_row = tile.x.wrapping_add(SIDE * stride);
        if $rows > SIDE {
            asm!(
                "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
                "2:",
                "tileloadd tmm4, [{x} + {stride}]",
                "tileloadd tmm6, [{w} + {line}]",
                concat!($instruction, " tmm0, tmm4, tmm6"),
                "tileloadd tmm7, [{w} + {line} + 64]",
                concat!($instruction, " tmm1, tmm4, tmm7"),
                "tileloadd tmm5, [{second} + {stride}]",
                concat!($instruction, " tmm2, tmm5, tmm6"),
                concat!($instruction, " tmm3, tmm5, tmm7"),
                "add {x}, 64",
                "add {second}, 64",
                "add {w}, 2048",
                "dec {steps}",
                "jnz 2b",
                "tilestored [{sums} + {line}], tmm0",
                "tilestored [{sums} + {line} + 64], tmm1",
                "tilestored [{sums} + {line} + 2048], tmm2",
                "tilestored [{sums} + {line} + 2112], tmm3",
                x = inout(reg) tile.x => _,
                second = inout(reg) second_row => _,
                w = inout(reg) tile.panel => _,
                steps = inout(reg) steps => _,
                stride = in(reg) stride,
                line = in(reg) 2 * LINE,
                sums = in(reg) tile.sums,
                options(nostack)
            );
        } else {
            asm!(
                "tilezero tmm0", "tilezero tmm1",
                "2:",
                "tileloadd tmm4, [{x} + {stride}]",
                "tileloadd tmm6, [{w} + {line}]",
                concat!($instruction, " tmm0, tmm4, tmm6"),
                "tileloadd tmm7, [{w} + {line} + 64]",
                concat!($instruction, " tmm1, tmm4, tmm7"),
                "add {x}, 64",
                "add {w}, 2048",
                "dec {steps}",
                "jnz 2b",
                "tilestored [{sums} + {line}], tmm0",
                "tilestored [{sums} + {line} + 64], tmm1",
                x = inout(reg) tile.x => _,
                w = inout(reg) tile.panel => _,
                steps = inout(reg) steps => _,
                stride = in(reg) stride,
                line = in(reg) 2 * LINE,
                sums = in(reg) tile.sums,
                options(nostack)
            );
        }
    }};
}

/// Tiles of bytes.
struct Bytes;

impl RoundedTiles for Bytes {
    const PRECISION: Precision = Precision::Int8;
    type Sums = ByteSums;
    const ROWS: usize = 2 * SIDE;
    const UNIT: usize = SIDE;
    const COLUMNS: usize = 2 * SIDE;
    const GROUPS: usize = SIDE;

    #[inline(always)]
    unsafe fn round(x: *const f32, k: usize, to: *mut u8) -> RowScale {
        // SAFETY: passed on.
        unsafe { round_to_bytes::<F32x16>(x, k, to) }
    }

    #[inline(always)]
    unsafe fn tile(rows: usize, tile: Tile) {
        // SAFETY: whole units of rows can be read, and a panel has 32 columns of whole lines.
        unsafe { products_of_tiles!("tdpbusd", rows, tile) }
    }

    #[inline(always)]
    unsafe fn enter() {
        // SAFETY: passed on.
        unsafe { configure() }
    }

    #[inline(always)]
    unsafe fn leave() {
        // SAFETY: passed on.
        unsafe { release() }
    }
}

/// Tiles of bf16.
struct Bf16;

impl RoundedTiles for Bf16 {
    const PRECISION: Precision = Precision::Bf16;
    type Sums = Numbers<F32x16>;
    const ROWS: usize = 2 * SIDE;
    const UNIT: usize = SIDE;
    const COLUMNS: usize = 2 * SIDE;
    const GROUPS: usize = SIDE;

    #[inline(always)]
    unsafe fn round(x: *const f32, k: usize, to: *mut u8) -> RowScale {
        // SAFETY: passed on.
        unsafe { round_to_bf16::<F32x16>(x, k, to) }
    }

    #[inline(always)]
    unsafe fn tile(rows: usize, tile: Tile) {
        // SAFETY: as for bytes.
        unsafe { products_of_tiles!("tdpbf16ps", rows, tile) }
    }

    #[inline(always)]
    unsafe fn enter() {
        // SAFETY: passed on.
        unsafe { configure() }
    }

    #[inline(always)]
    unsafe fn leave() {
        // SAFETY: passed on.
        unsafe { release() }
    }
}
