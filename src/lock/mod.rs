//! stand-in
#[derive(Debug)]
pub struct LockGuard<'w>(std::marker::PhantomData<&'w ()>);
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub enum LockError {}
impl LockGuard<'_> {
    pub fn confirm(&self) -> Result<(), LockError> {
        Ok(())
    }
}
