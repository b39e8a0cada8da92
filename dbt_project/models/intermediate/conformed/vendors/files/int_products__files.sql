{{ conformed_file('product', [
    'product_code',
    'name',
    'product_line',
    'is_active',
    'created_at',
]) }}
