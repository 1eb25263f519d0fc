"""Made-up aerial scenes: what the sample archive shows."""
