//! What becomes of a panic of ours in a call from another language: an answer of that call, and never an unwinding into
//! foreign code. The two calls here are exported like all others, but in the tests only, and called by the scaffolding through
//! which other languages call.

use heliograph_client::{Error, ErrorCode};
use uniffi::{RustCallStatus, RustCallStatusCode};

use crate::error::HeliographError;
use crate::runtime::OwnRuntime;

/// A defect in the call itself, on the foreign thread.
#[uniffi::export]
fn defect_at_the_boundary() -> Result<(), HeliographError> {
    panic!("on purpose");
}

/// A defect in what the call has the client's own threads do, as nearly all do.
#[uniffi::export]
fn defect_below() -> Result<(), HeliographError> {
    let runtime = OwnRuntime::start()?;
    let waiting = std::thread::spawn({
        let worker = runtime.worker().clone();
        move || {
            let local = tokio::runtime::Builder::new_current_thread().build();
            let local = local.map_err(|_| Error::new(ErrorCode::DiskFull, "no runtime for the test"))?;
            local.block_on(worker.run::<()>(async { panic!("on purpose") }))
        }
    });
    let answer = waiting.join().map_err(|_| Error::new(ErrorCode::DiskFull, "the panic came through"))?;
    Ok(answer?)
}

#[test]
fn a_panic_is_an_answer_of_the_call_and_never_comes_through() {
    let mut status = RustCallStatus::default();
    uniffi_heliograph_ffi_fn_func_defect_at_the_boundary(&mut status);
    // What the packages for Kotlin, Swift and Python make the failure `internal` of.
    assert_eq!(status.code, RustCallStatusCode::UnexpectedError);
    let mut status = RustCallStatus::default();
    uniffi_heliograph_ffi_fn_func_defect_below(&mut status);
    assert_eq!(status.code, RustCallStatusCode::Error, "typed in every language");
    let HeliographError::Failed { code, transient, .. } = defect_below().unwrap_err();
    assert_eq!((code, transient), (ErrorCode::Internal, false));
}
