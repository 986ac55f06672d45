"""What every answer of the console tells the browser: load nothing from elsewhere, run nothing but our own file, keep nothing, tell nobody."""

from __future__ import annotations

from collections.abc import Mapping

_POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


def security_headers(**instead: str) -> Mapping[str, str]:
    """Return the headers; `style_src="'sha256-…'"` and the like replace a directive of the policy."""
    policy = _POLICY | {name.replace("_", "-"): value for name, value in instead.items()}
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
