//! Executes the AMX instructions that the kernels use: Intel's manual, volume 2, and its chapter on AMX.

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::sync::Once;

use libc::{REG_R8, REG_RAX, REG_RIP, siginfo_t, ucontext_t};

/// The general registers in the order of their numbers in instructions.
const REGISTERS: [c_int; 16] = [
    REG_RAX,
    libc::REG_RCX,
    libc::REG_RDX,
    libc::REG_RBX,
    libc::REG_RSP,
    libc::REG_RBP,
    libc::REG_RSI,
    libc::REG_RDI,
    REG_R8,
    libc::REG_R9,
    libc::REG_R10,
    libc::REG_R11,
    libc::REG_R12,
    libc::REG_R13,
    libc::REG_R14,
    libc::REG_R15,
];

const ROWS: usize = 16;
const LINE: usize = 64;

type Tile = [[u8; LINE]; ROWS];

/// The tiles of a thread, and their shapes: rows and bytes of a row. No shapes: not configured.
struct State {
    tiles: [Tile; 8],
    shapes: Option<[(usize, usize); 8]>,
}

thread_local! {
    static STATE: RefCell<State> =
        const { RefCell::new(State { tiles: [[[0; LINE]; ROWS]; 8], shapes: None }) };
    static EXECUTED: Cell<u64> = const { Cell::new(0) };
}

/// How many instructions have been emulated for this thread.
pub(crate) fn instructions() -> u64 {
    EXECUTED.get()
}

/// Catches what the CPU does not know.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: an all-zero `sigaction` is a valid one, and the handler has the signature that SA_SIGINFO asks for.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handle as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO;
            assert_eq!(libc::sigaction(libc::SIGILL, &raw const action, std::ptr::null_mut()), 0);
        }
    });
}

extern "C" fn handle(_: c_int, _: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel hands over the registers of the interrupted thread, which stands at an instruction.
    unsafe {
        let registers = &mut (*context.cast::<ucontext_t>()).uc_mcontext.gregs;
        let at = registers[REG_RIP as usize] as *const u8;
        let Some(instruction) = Instruction::decode(at, registers) else {
            // Not ours: the default action ends the process.
            libc::signal(libc::SIGILL, libc::SIG_DFL);
            return;
        };
        STATE.with_borrow_mut(|state| state.execute(instruction.what));
        EXECUTED.set(EXECUTED.get() + 1);
        registers[REG_RIP as usize] += instruction.length as i64;
    }
}

struct Instruction {
    what: Operation,
    /// Bytes.
    length: usize,
}

/// Where a tile lies in memory: the address of its first row, and the distance to the next.
#[derive(Clone, Copy)]
struct Place {
    first: usize,
    stride: usize,
}

#[derive(Clone, Copy)]
enum Operation {
    Configure(usize),
    Release,
    Zero(usize),
    Load(usize, Place),
    Store(Place, usize),
    /// Sums, unsigned bytes, signed bytes.
    Bytes(usize, usize, usize),
    /// Sums, bf16, bf16.
    Bf16(usize, usize, usize),
}

impl Instruction {
    /// Of the three-byte VEX prefix, map 0F38.
    ///
    /// # Safety
    /// `at` points to a whole instruction.
    unsafe fn decode(at: *const u8, registers: &[i64; 23]) -> Option<Self> {
        // SAFETY: passed on.
        let byte = |i: usize| usize::from(unsafe { *at.add(i) });
        if byte(0) != 0xC4 || byte(1) & 0x1F != 2 {
            return None;
        }
        let extended = |bit: usize| if byte(1) & bit == 0 { 8 } else { 0 };
        let (extend_index, extend_base) = (extended(0x40), extended(0x20));
        let second = !byte(2) >> 3 & 15;
        let prefix = byte(2) & 3;
        let (opcode, mode, register, low) = (byte(3), byte(4) >> 6, byte(4) >> 3 & 7, byte(4) & 7);
        if mode == 3 {
            let what = match (opcode, prefix) {
                (0x49, 0) => Operation::Release,
                (0x49, 3) => Operation::Zero(register),
                (0x5E, 1) => Operation::Bytes(register, low, second),
                (0x5C, 2) => Operation::Bf16(register, low, second),
                _ => return None,
            };
            return Some(Self { what, length: 5 });
        }
        // Memory: a base, an index without scale if there is a further byte, and a displacement.
        let value = |number: usize| registers[REGISTERS[number] as usize] as usize;
        let mut length = 5;
        let (mut base, mut index) = (low, 4);
        if low == 4 {
            assert_eq!(byte(5) >> 6, 0, "a scaled index");
            (base, index) = (byte(5) & 7, byte(5) >> 3 & 7);
            length = 6;
        }
        let displacement = match mode {
            0 => {
                assert_ne!(base, 5, "an address without a base");
                0
            }
            1 => {
                length += 1;
                byte(length - 1) as i8 as isize
            }
            _ => {
                length += 4;
                let bytes = [4, 3, 2, 1].map(|back| byte(length - back) as u8);
                i32::from_le_bytes(bytes) as isize
            }
        };
        let stride = if index == 4 && extend_index == 0 { 0 } else { value(index + extend_index) };
        let first = value(base + extend_base).wrapping_add_signed(displacement);
        let place = Place { first, stride };
        let what = match (opcode, prefix) {
            (0x49, 0) => Operation::Configure(first),
            (0x4B, 3) => Operation::Load(register, place),
            (0x4B, 2) => Operation::Store(place, register),
            _ => return None,
        };
        Some(Self { what, length })
    }
}

impl State {
    /// # Safety
    /// The memory of the operation can be read or written.
    unsafe fn execute(&mut self, what: Operation) {
        if let Operation::Configure(from) = what {
            // SAFETY: passed on.
            let bytes = unsafe { *(from as *const [u8; 64]) };
            assert_eq!(bytes[0], 1, "palette");
            self.shapes = Some(std::array::from_fn(|i| {
                let row_bytes = u16::from_le_bytes([bytes[16 + 2 * i], bytes[17 + 2 * i]]);
                (usize::from(bytes[48 + i]), usize::from(row_bytes))
            }));
            self.tiles = [[[0; LINE]; ROWS]; 8];
            return;
        }
        let shapes = self.shapes.expect("tiles are configured before they are used");
        match what {
            Operation::Configure(_) => {}
            Operation::Release => self.shapes = None,
            Operation::Zero(tile) => self.tiles[tile] = [[0; LINE]; ROWS],
            Operation::Load(tile, Place { first, stride }) => {
                let (rows, bytes) = shapes[tile];
                self.tiles[tile] = [[0; LINE]; ROWS];
                for (r, row) in self.tiles[tile].iter_mut().enumerate().take(rows) {
                    // SAFETY: passed on.
                    unsafe {
                        let from = (first + r * stride) as *const u8;
                        std::ptr::copy_nonoverlapping(from, row.as_mut_ptr(), bytes);
                    }
                }
            }
            Operation::Store(Place { first, stride }, tile) => {
                let (rows, bytes) = shapes[tile];
                for (r, row) in self.tiles[tile].iter().enumerate().take(rows) {
                    // SAFETY: passed on.
                    unsafe {
                        let to = (first + r * stride) as *mut u8;
                        std::ptr::copy_nonoverlapping(row.as_ptr(), to, bytes);
                    }
                }
            }
            Operation::Bytes(sums, a, b) => {
                self.multiply(shapes, [sums, a, b], |sum, a, b| {
                    let products =
                        a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(b.cast_signed()));
                    products.fold(sum.cast_signed(), i32::wrapping_add).cast_unsigned()
                });
            }
            Operation::Bf16(sums, a, b) => {
                let number =
                    |bytes: &[u8]| flushed(u32::from(bytes[0]) << 16 | u32::from(bytes[1]) << 24);
                self.multiply(shapes, [sums, a, b], |sum, a, b| {
                    let products = a.chunks_exact(2).zip(b.chunks_exact(2));
                    // In fused steps, and what is too small for a normal number is zero.
                    products
                        .fold(flushed(sum), |sum, (a, b)| {
                            flushed(number(a).mul_add(number(b), sum).to_bits())
                        })
                        .to_bits()
                });
            }
        }
    }

    /// `sums[m][n] = f(sums[m][n], a[m][k], b[k][n])` for groups k of four bytes.
    fn multiply(
        &mut self,
        shapes: [(usize, usize); 8],
        [sums, a, b]: [usize; 3],
        f: impl Fn(u32, &[u8], &[u8]) -> u32,
    ) {
        assert!(sums != a && sums != b && a != b, "three different tiles");
        let ((rows, bytes), (a_rows, a_bytes), (b_rows, b_bytes)) =
            (shapes[sums], shapes[a], shapes[b]);
        assert!(rows == a_rows && bytes == b_bytes && a_bytes == 4 * b_rows, "shapes fit");
        for m in 0..rows {
            for k in 0..b_rows {
                let left = self.tiles[a][m].as_chunks::<4>().0[k];
                for n in 0..bytes / 4 {
                    let right = self.tiles[b][k].as_chunks::<4>().0[n];
                    let sum = &mut self.tiles[sums][m].as_chunks_mut::<4>().0[n];
                    *sum = f(u32::from_le_bytes(*sum), &left, &right).to_le_bytes();
                }
            }
        }
    }
}

/// The number of these bits, or 0 with its sign if it is smaller than a normal one.
fn flushed(bits: u32) -> f32 {
    let number = f32::from_bits(bits);
    if number.is_subnormal() { 0.0_f32.copysign(number) } else { number }
}
