//! What payments do to the prices before them, as the adjusted close of a source says it.

use crate::frame::Bar;

/// Returns adjusted close over close, by which all prices of a bar are multiplied; `None` where the close says nothing.
pub fn payment_factor(adjusted: f64, close: Option<f64>) -> Option<f64> {
    let close = close.filter(|close| *close != 0.0)?;
    Some(adjusted / close)
}

impl Bar {
    /// Multiplies the prices.
    pub(in crate::frame) fn scale(&mut self, factor: f64) {
        for price in [
            &mut self.open,
            &mut self.high,
            &mut self.low,
            &mut self.close,
        ] {
            *price = price.map(|price| price * factor);
        }
    }

    /// Adjusts the bar for what was paid since, so that it ends in exactly the adjusted close of its source, and says
    /// whether it could be.
    pub fn pay_out(&mut self, adjusted: f64) -> bool {
        let factor = payment_factor(adjusted, self.close);
        if let Some(factor) = factor {
            self.scale(factor);
            self.close = Some(adjusted);
        }
        factor.is_some()
    }
}
