"""The command line: `fireline`. Thin: it reads settings, calls the rooms below and shows what they say."""
