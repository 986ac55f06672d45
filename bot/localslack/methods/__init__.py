"""The Web API, one file a family of methods; `registry` puts their tables together."""
