"""Stand-ins for the APIs of ITSM products: small, in memory, over real HTTP, as strict as what they stand for.

    with ServiceNow() as product:
        id = product.create_ticket("Printer on fire")
        ServiceNowItsm(product.url, secrets, "snow", product.user, …).read(TicketAddress(id), comments=True)

`base.py` serves, authenticates, fails on demand and counts; a module per product has its endpoints and its words. They
push nothing: what a product pushes is in the presets' fixtures.
"""
