"""The way in for machines: webhooks of alert senders, health for whoever runs the process, metrics for Prometheus.

    alertmanager  POST /webhooks/alertmanager      bodies       what Alertmanager writes, read into the domain's words
    health        GET /healthz, /readyz, …         credentials  who may deliver
    app           the routes, for the wiring       answers      small HTTP answers, ready to send
    bounds        how much of one alert is taken in

People come in through `bot.chat`, `bot.console` and `bot.cli`.
"""
