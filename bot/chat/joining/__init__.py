"""How a workspace lets the app in, by OAuth, and what of that is kept.

stores          slack_sdk's SQLAlchemy stores over our database, without blocking the loop
installations   the tokens: kept, renewed before they end, forgotten when they are worth nothing
door            /slack/install and the way back from Slack          page   what a person reads there
"""
