"""How a person is shown something and asked: terminal, browser, QR code."""
